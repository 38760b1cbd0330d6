export { keepCodecReady } from './codec-process.ts';
export { type AudioClip, type DecodeOptions, decodeAudio } from './decode.ts';
export { type EncodeOptions, encodeAudio } from './encode.ts';
export { AudioError, type AudioErrorCode } from './errors.ts';
export { type AudioInfo, type ProbeOptions, probeAudio } from './probe.ts';
