import { titleOf } from '../bench/titles.ts';
import { filePath, ServiceError } from '../service/client.ts';
import { findSource, type Run } from '../state/bench.ts';

/** A form in which results can be had. */
export interface FileForm {
  label: string;
  format: string;
  mediaType: string;
  /** Bits of a sample, where there is a choice. */
  depth?: 16 | 24 | 32;
}

const fileForms: FileForm[] = [
  { label: 'WAV, 24 bit', format: 'wav', mediaType: 'audio/wav', depth: 24 },
  { label: 'WAV, 16 bit', format: 'wav', mediaType: 'audio/wav', depth: 16 },
  { label: 'WAV, 32-bit float', format: 'wav', mediaType: 'audio/wav', depth: 32 },
  { label: 'FLAC, 24 bit', format: 'flac', mediaType: 'audio/flac', depth: 24 },
  { label: 'MP3', format: 'mp3', mediaType: 'audio/mpeg' },
  { label: 'M4A (AAC)', format: 'm4a', mediaType: 'audio/mp4' },
  { label: 'OGG Vorbis', format: 'ogg', mediaType: 'audio/ogg' },
  { label: 'Opus', format: 'opus', mediaType: 'audio/ogg' },
];

/** The formats that every browser writes; AAC comes where the system has it. */
const ownFormats = new Set(['wav', 'flac', 'mp3', 'opus']);
void globalThis.AudioEncoder?.isConfigSupported({
  codec: 'mp4a.40.2',
  sampleRate: 44_100,
  numberOfChannels: 2,
  bitrate: 256_000,
}).then(({ supported }) => supported && ownFormats.add('m4a'));

/** The forms in which a result can be had: those of the service, or those that this browser writes. */
export const formsOf = ({ place }: Run): FileForm[] =>
  fileForms.filter(({ format }) => place !== 'device' || ownFormats.has(format));

/** The form that is dragged out and zipped: every audio program reads it, and nothing is lost. */
export const standardForm: FileForm = fileForms[0]!;

/** A text as a part of a file name, on every system. */
function slug(text: string, longest: number): string {
  const plain = text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-+|-+$/g, '');
  return plain.slice(0, longest).replace(/-+$/, '');
}

/** The name of a result's file: its recording, its own name or prompt, and its seed. */
export function fileName(run: Run, { format }: FileForm): string {
  const source = findSource(run.sourceId);
  const parts = [
    source && slug(source.name.replace(/\.[^.]*$/, ''), 32),
    slug(titleOf(run), 48),
    run.task && String(run.task.seed),
  ];
  return `${parts.filter(Boolean).join('_') || run.verb}.${format}`;
}

/** Where a result is to be had in a form, under its name. */
export function fileUrl(run: Run, form: FileForm): string {
  const path = filePath(run.task!.outputs[0]!)?.replace(/\.\w+$/, '');
  const query = new URLSearchParams({ format: form.format, ...(form.depth && { bit_depth: String(form.depth) }) });
  return `.${path}/${encodeURIComponent(fileName(run, form))}?${query}`;
}

/** Downloads a result of this device. Browsers do not ask the service worker for what a link downloads. */
export async function saveFile(run: Run, form: FileForm): Promise<void> {
  const response = await fetch(fileUrl(run, form));
  if (!response.ok) throw new ServiceError(response.status, 'unknown_file', 'this browser no longer has the result');
  const wav = await response.blob();
  if (form.format === 'wav') return saveBlob(wav, fileName(run, form));
  const { encoded } = await import('./encode.ts');
  const tags = { title: titleOf(run), comment: `made with Retone, seed ${run.task!.seed}` };
  saveBlob(await encoded(wav, form.format, form.mediaType, tags), fileName(run, form));
}

/** Gives the musician a file. */
export function saveBlob(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
