import { encodeAudio } from '@retone/audio';
import { sweeps } from './signals.ts';

/** An mp3 file of so many minutes: the frames of a short one, over and over, since an encoder would need half a minute for them. */
export async function longMp3(minutes: number): Promise<Buffer> {
  const short = frames(Buffer.from(await encodeAudio(sweeps(44100, 2, 10), 'mp3')));
  return Buffer.concat(Array.from({ length: (minutes * 60) / 10 }, () => short));
}

/** The frames of an mp3 file without its tags, which hold its length. */
function frames(mp3: Buffer): Buffer {
  const tag =
    mp3.toString('latin1', 0, 3) === 'ID3' ? 10 + mp3.subarray(6, 10).reduce((n, byte) => n * 128 + byte, 0) : 0;
  const info = Math.max(mp3.indexOf('Xing', tag), mp3.indexOf('Info', tag));
  const sync = (from: number) => {
    let at = from;
    while (!(mp3[at] === 0xff && (mp3[at + 1]! & 0xe0) === 0xe0)) at++;
    return at;
  };
  return mp3.subarray(info > 0 ? sync(info + 100) : sync(tag));
}
