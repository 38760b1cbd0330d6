import { checkInput, modelOf } from '@retone/contract';
import { engineRequest, fitToRecording } from '@retone/engine';
import { expect, test } from 'vitest';

const id = 'stability-ai/stable-audio-3/audio-inpainting';
const model = modelOf(id);
const audio = { data: new Float32Array(2), shape: [2, 1] };
const body = (regions: unknown) => ({ audio: 'https://example.com/a.wav', prompt: 'a choir', regions });

function inputOf(regions: unknown) {
  const checked = checkInput(model, body(regions));
  if ('faults' in checked) throw new Error(JSON.stringify(checked.faults));
  return checked.input;
}

test('several regions reach the engine in place of the mask', () => {
  const regions = [
    { start: 0.5, end: 1 },
    { start: 2, end: 3.5 },
  ];
  const request = engineRequest(id, fitToRecording(inputOf(regions), 4, 100), 7, audio);
  expect(request).toMatchObject({ pipeline: 'inpaint', regions });
});

test('a region that ends with the recording may be rounded up', () => {
  const { regions } = fitToRecording(inputOf([{ start: 1, end: 4 }]), 3.995, 100);
  expect(regions).toEqual([{ start: 1, end: 3.995 }]);
});

test('a region beyond the recording is refused in the words of the request', () => {
  expect(() => fitToRecording(inputOf([{ start: 1, end: 5 }]), 4, 100)).toThrow(
    'regions must be within the recording of 4 s (got an end at 5)',
  );
});

test.each([[[]], [[{ start: 2, end: 1 }]], [[{ start: -1, end: 1 }]], ['1-2']])('%j is refused', (regions) => {
  const checked = checkInput(model, body(regions));
  expect(checked).toMatchObject({
    faults: [
      { parameter: 'regions', accepted: 'a list of 1 to 16 regions, each with a start and a later end in seconds' },
    ],
  });
});

test('without regions the mask counts', () => {
  const checked = checkInput(model, {
    audio: 'https://example.com/a.wav',
    prompt: 'x',
    mask_start_seconds: 1,
    mask_end_seconds: 2,
  });
  if ('faults' in checked) throw new Error('refused');
  expect(engineRequest(id, checked.input, 0, audio)).toMatchObject({ regions: [{ start: 1, end: 2 }] });
});
