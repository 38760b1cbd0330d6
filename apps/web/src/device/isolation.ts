const triedPlace = 'retone.isolated';

/** Registers the service worker, which answers the URLs of this device's results. @returns once it does */
export async function registerServiceWorker(): Promise<void> {
  const { serviceWorker } = navigator;
  // Absent where the page came from another machine without encryption.
  if (!serviceWorker)
    throw new Error('this browser allows results of its own over HTTPS and on the machine itself only');
  await serviceWorker.register('sw.js');
  const { active } = await serviceWorker.ready;
  if (serviceWorker.controller) return;
  const controlled = new Promise<void>((resolve) => {
    serviceWorker.addEventListener('controllerchange', () => resolve(), { once: true });
  });
  // A page that was loaded past the service worker (Shift and reload) is not taken over by itself.
  active!.postMessage('claim');
  await controlled;
}

/**
 * Isolates a page without a service: the service worker gives it the headers that WebAssembly's threads need, which takes a reload.
 *
 * @returns whether the page is about to be loaded again
 */
export async function isolate(): Promise<boolean> {
  if (crossOriginIsolated || !navigator.serviceWorker) return false;
  // Once: where it does not help, one thread computes.
  if (sessionStorage.getItem(triedPlace)) return false;
  sessionStorage.setItem(triedPlace, 'yes');
  await registerServiceWorker();
  location.reload();
  return true;
}
