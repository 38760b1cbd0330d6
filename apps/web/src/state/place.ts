import { create } from 'zustand';
import { serviceSettings } from './settings.ts';

/** Where sound is made: by the service, or by this device's own engine in the page. */
export type Place = 'service' | 'device';

const key = 'retone.place';

/** The place of the next runs. A page without a service has one alone. */
export const usePlace = create<{ place: Place }>(() => ({
  place: serviceSettings.alone || localStorage.getItem(key) === 'device' ? 'device' : 'service',
}));

export function choosePlace(place: Place): void {
  localStorage.setItem(key, place);
  usePlace.setState({ place });
}
