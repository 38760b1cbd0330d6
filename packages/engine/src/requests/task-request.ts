import { CodedError } from '@retone/common';
import { defaultMaskEnd, type ModelId, type TaskInput } from '@retone/contract';
import type { Tensor } from '@retone/runtime';
import type { EngineRequest } from './messages.ts';

type Pipeline = EngineRequest extends infer Request
  ? Request extends { controls: unknown }
    ? Omit<Request, 'controls'>
    : never
  : never;
type Request = (input: Required<TaskInput>, audio: Tensor) => Pipeline;

const textToAudio: Request = ({ duration }) => ({ pipeline: 'text-to-audio', seconds: duration });

const pipelines: Record<ModelId, Request> = {
  'stability-ai/stable-audio-3/audio-to-audio': (input, audio) => ({
    pipeline: 'audio-to-audio',
    audio,
    seconds: input.duration,
    initNoiseLevel: input.init_noise_level,
  }),
  'stability-ai/stable-audio-3/text-to-audio': textToAudio,
  'stability-ai/stable-audio-3/music': textToAudio,
  'stability-ai/stable-audio-3/audio-inpainting': (input, audio) => ({
    pipeline: 'inpaint',
    audio,
    regions: input.regions ?? [{ start: input.mask_start_seconds, end: input.mask_end_seconds }],
  }),
  'stability-ai/stable-audio-3/audio-outpainting': (input, audio) => ({
    pipeline: 'outpaint',
    audio,
    secondsBefore: input.extend_seconds_before,
    secondsAfter: input.extend_seconds_after,
  }),
};

/**
 * The engine request of a task.
 *
 * @param audio the recording [channels, samples], for models that take one
 */
export function engineRequest(
  model: ModelId,
  input: TaskInput,
  seed: number,
  audio: Tensor | undefined,
): EngineRequest {
  const controls = {
    prompt: input.prompt,
    negativePrompt: input.negative_prompt,
    steps: input.num_inference_steps,
    guidanceScale: input.guidance_scale,
    seed,
  };
  return { ...pipelines[model](input as Required<TaskInput>, audio!), controls } as EngineRequest;
}

/** Parameters that do not fit the recording of their task. The message names them as the client does. */
export class ParameterError extends CodedError<'invalid_parameters' | 'audio_too_long'> {}

/**
 * Fits a task's parameters to its recording, whose length is known only after decoding.
 *
 * @param seconds length of the recording
 * @param maxSeconds the longest result that the checkpoint makes
 * @throws ParameterError
 */
export function fitToRecording(input: TaskInput, seconds: number, maxSeconds: number): TaskInput {
  const recording = `the recording of ${round(seconds)} s`;
  const { mask_start_seconds: start, mask_end_seconds: end } = input;
  if (input.regions) {
    const outside = input.regions.find((region) => region.end > seconds + roundingSlack);
    if (outside) {
      const message = `regions must be within ${recording} (got an end at ${outside.end})`;
      throw new ParameterError('invalid_parameters', message);
    }
    return { ...input, regions: input.regions.map((region) => ({ ...region, end: Math.min(region.end, seconds) })) };
  }
  if (start !== undefined && end !== undefined) {
    if (start >= seconds) {
      throw new ParameterError(
        'invalid_parameters',
        `mask_start_seconds must be before the end of ${recording} (got ${start})`,
      );
    }
    // The client did not choose the default, which therefore ends with a shorter recording.
    if (end > seconds && end !== defaultMaskEnd) {
      throw new ParameterError('invalid_parameters', `mask_end_seconds must be within ${recording} (got ${end})`);
    }
    return { ...input, mask_end_seconds: Math.min(end, seconds) };
  }
  const { extend_seconds_before: before, extend_seconds_after: after } = input;
  if (before !== undefined && after !== undefined && before + after + seconds > maxSeconds) {
    const most = Math.max(0, maxSeconds - seconds);
    throw new ParameterError(
      'audio_too_long',
      `extend_seconds_before and extend_seconds_after must be at most ${round(most)} together for ${recording}: ` +
        `this model makes at most ${round(maxSeconds)} s (got ${before} and ${after})`,
    );
  }
  return input;
}

/** Seconds by which clients round: they know a recording's length to a hundredth. */
const roundingSlack = 0.01;

function round(seconds: number): number {
  return Math.floor(seconds * 100) / 100;
}
