import { create } from 'zustand';
import { serviceSettings } from '../service/settings.ts';

/** Where sound is made: by the service, or by this device's own engine in the page. */
export type Place = 'service' | 'device';

const key = 'retone.place';

/** Whether this device can make sound: browsers keep results of their own over HTTPS and on the machine itself only. */
export const canUseDevice = isSecureContext && 'serviceWorker' in navigator;

/** The place of the next runs. A page without a service has one alone. */
export const usePlace = create<{ place: Place }>(() => ({
  place: serviceSettings.alone || (canUseDevice && localStorage.getItem(key) === 'device') ? 'device' : 'service',
}));

export function choosePlace(place: Place): void {
  localStorage.setItem(key, place);
  usePlace.setState({ place });
}
