export interface ListedTrack {
  id: string;
  mark: string;
  name: string;
  duration: number;
  offset: number;
}
