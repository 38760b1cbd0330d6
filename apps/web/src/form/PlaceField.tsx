import { choosePlace, type Place, usePlace } from '../state/place.ts';

const places: [Place, string, string][] = [
  ['service', 'Service', 'The service makes it: fastest where it has a large machine'],
  ['device', 'This device', 'This browser makes it: the recording does not leave this device'],
];

/** Where sound is made. */
export function PlaceField() {
  const place = usePlace((state) => state.place);
  return (
    <div className="variations">
      <span id="place">Made by</span>
      <div className="segments" role="group" aria-labelledby="place">
        {places.map(([name, title, help]) => (
          <button type="button" key={name} aria-pressed={place === name} title={help} onClick={() => choosePlace(name)}>
            {title}
          </button>
        ))}
      </div>
    </div>
  );
}
