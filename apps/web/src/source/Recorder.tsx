import { useEffect, useRef, useState } from 'react';
import { clock } from '../shared/format.ts';
import { Icon } from '../shared/Icon.tsx';

interface Recording {
  recorder: MediaRecorder;
  stream: MediaStream;
  context: AudioContext;
  analyser: AnalyserNode;
  startedAt: number;
}

/** What a musician wants of a microphone: the sound as it is. */
const asItIs = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };

/** Records from the microphone. */
export function Recorder({ onRecorded }: { onRecorded(blob: Blob): void }) {
  const [recording, setRecording] = useState<Recording>();
  const [refused, setRefused] = useState<string>();
  const [seconds, setSeconds] = useState(0);
  const meter = useRef<HTMLMeterElement>(null);

  const start = async () => {
    setRefused(undefined);
    if (!navigator.mediaDevices) {
      return setRefused('Browsers give the microphone only to pages over https, or of their own machine.');
    }
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: asItIs });
      const context = new AudioContext();
      const analyser = new AnalyserNode(context, { fftSize: 1024 });
      context.createMediaStreamSource(stream).connect(analyser);
      const recorder = new MediaRecorder(stream, { audioBitsPerSecond: 256_000 });
      const parts: Blob[] = [];
      recorder.ondataavailable = ({ data }) => parts.push(data);
      recorder.onstop = () => {
        onRecorded(new Blob(parts, { type: recorder.mimeType }));
        release({ stream, context });
      };
      recorder.start(1000);
      setSeconds(0);
      setRecording({ recorder, stream, context, analyser, startedAt: performance.now() });
    } catch (error) {
      const { name } = error as DOMException;
      setRefused(
        name === 'NotFoundError'
          ? 'No microphone was found. Connect one and try again.'
          : 'The browser keeps the microphone from this page. Allow it beside the address, and try again.',
      );
    }
  };
  const stop = () => {
    recording?.recorder.stop();
    setRecording(undefined);
  };

  useEffect(() => {
    if (!recording) return;
    const { recorder, analyser, startedAt } = recording;
    const samples = new Float32Array(analyser.fftSize);
    const timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      let peak = 0;
      for (const sample of samples) peak = Math.max(peak, Math.abs(sample));
      if (meter.current) meter.current.value = Math.max(0, 1 + (20 * Math.log10(peak + 1e-6)) / 60);
      setSeconds((performance.now() - startedAt) / 1000);
    }, 60);
    return () => {
      clearInterval(timer);
      if (recorder.state === 'inactive') return;
      // The musician has gone elsewhere in the middle of it: the microphone is let go, and nothing is taken.
      recorder.onstop = null;
      recorder.stop();
      release(recording);
    };
  }, [recording]);

  if (!recording) {
    return (
      <>
        <button type="button" className="secondary" onClick={() => void start()}>
          <Icon name="mic" /> Record
        </button>
        {refused && (
          <p className="refused" role="alert">
            {refused}
          </p>
        )}
      </>
    );
  }
  return (
    <div className="recording">
      <meter ref={meter} min={0} max={1} high={0.95} aria-label="Level" />
      <span className="clock">{clock(seconds)}</span>
      <button type="button" className="primary" onClick={stop}>
        <Icon name="stop" /> Stop
      </button>
    </div>
  );
}

function release({ stream, context }: Pick<Recording, 'stream' | 'context'>): void {
  for (const track of stream.getTracks()) track.stop();
  void context.close();
}
