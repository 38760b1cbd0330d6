/**
 * A fresh id. `crypto.randomUUID` is only there for pages over https or of this machine, and Retone is also opened at plain
 * http addresses of a network.
 */
export function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
