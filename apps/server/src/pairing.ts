import { networkInterfaces } from 'node:os';
import type { Service } from './service.ts';

/** The page's URLs by which other devices of the network reach the service with a key; none if it listens on this machine only. */
export function pairingUrls(service: Service): string[] {
  const { RETONE_PUBLIC_URL: publicUrl, RETONE_HOST: host } = service.settings;
  if (publicUrl !== undefined) return [service.pageUrl()];
  if (/^(127\.|::1$|localhost$)/.test(host)) return [];
  const addresses = Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal);
  return addresses.map(({ address }) => {
    const url = new URL(service.pageUrl());
    url.hostname = address;
    return url.href;
  });
}
