import { useEffect, useRef, useState } from 'react';
import { clock } from '../shared/format.ts';
import { Icon } from '../shared/Icon.tsx';
import { closeMicrophone, countIn, levelOf, type Microphone, microphones, openMicrophone } from './microphone.ts';

const beatsBefore = 3;
const countPlace = 'retone.count-in';

type State =
  | { phase: 'idle'; refused?: string }
  | { phase: 'counting'; microphone: Microphone; left: number }
  | { phase: 'recording'; microphone: Microphone; recorder: MediaRecorder; startedAt: number };

/** Records from a microphone. */
export function Recorder({ onRecorded }: { onRecorded(blob: Blob, name: string): void }) {
  const [state, setState] = useState<State>({ phase: 'idle' });
  const [devices, setDevices] = useState<MediaDeviceInfo[]>([]);
  const [device, setDevice] = useState<string>();
  const [counted, setCounted] = useState(localStorage.getItem(countPlace) === 'on');
  const microphone = state.phase === 'idle' ? undefined : state.microphone;
  const gone = useRef(false);

  const start = async () => {
    try {
      const opened = await openMicrophone(device);
      setDevices(await microphones());
      if (counted)
        await countIn(opened.context, beatsBefore, (left) => setState({ phase: 'counting', microphone: opened, left }));
      if (gone.current) return closeMicrophone(opened);
      const recorder = new MediaRecorder(opened.stream, { audioBitsPerSecond: 256_000 });
      const parts: Blob[] = [];
      recorder.ondataavailable = ({ data }) => parts.push(data);
      recorder.onstop = () => {
        onRecorded(new Blob(parts, { type: recorder.mimeType }), nameNow());
        closeMicrophone(opened);
      };
      recorder.start(1000);
      setState({ phase: 'recording', microphone: opened, recorder, startedAt: performance.now() });
    } catch (error) {
      setState({ phase: 'idle', refused: (error as Error).message });
    }
  };

  useEffect(() => {
    gone.current = false;
    return () => {
      gone.current = true;
    };
  }, []);
  const recorder = state.phase === 'recording' ? state.recorder : undefined;
  useEffect(() => {
    if (!recorder || !microphone) return;
    return () => {
      if (recorder.state === 'inactive') return;
      // The musician has left in the middle of it: the microphone is released, and nothing is kept.
      recorder.onstop = null;
      recorder.stop();
      closeMicrophone(microphone);
    };
  }, [recorder, microphone]);

  if (state.phase === 'idle') {
    return (
      <>
        <button type="button" className="secondary" onClick={() => void start()}>
          <Icon name="mic" /> Record
        </button>
        <label className="check">
          <input
            type="checkbox"
            checked={counted}
            onChange={({ target }) => {
              setCounted(target.checked);
              localStorage.setItem(countPlace, target.checked ? 'on' : 'off');
            }}
          />
          Count-in
        </label>
        {devices.length > 1 && (
          <select aria-label="Microphone" value={device} onChange={({ target }) => setDevice(target.value)}>
            {devices.map(({ deviceId, label }) => (
              <option key={deviceId} value={deviceId}>
                {label}
              </option>
            ))}
          </select>
        )}
        {state.refused && (
          <p className="refused" role="alert">
            {state.refused}
          </p>
        )}
      </>
    );
  }
  return (
    <div className="recording">
      <Meter analyser={state.microphone.analyser} />
      {state.phase === 'counting' ? (
        <span className="clock">{state.left}</span>
      ) : (
        <>
          <Elapsed since={state.startedAt} />
          <button
            type="button"
            className="primary"
            onClick={() => {
              state.recorder.stop();
              setState({ phase: 'idle' });
            }}
          >
            <Icon name="stop" /> Stop
          </button>
        </>
      )}
    </div>
  );
}

/** A name that tells takes apart: "Take 14.32.05.webm". */
function nameNow(): string {
  const time = new Date().toLocaleTimeString('en-GB').replaceAll(':', '.');
  return `Take ${time}.webm`;
}

function Meter({ analyser }: { analyser: AnalyserNode }) {
  const meter = useRef<HTMLMeterElement>(null);
  useEffect(() => {
    const timer = setInterval(() => {
      if (meter.current) meter.current.value = levelOf(analyser);
    }, 60);
    return () => clearInterval(timer);
  }, [analyser]);
  return <meter ref={meter} min={0} max={1} high={0.95} aria-label="Level" />;
}

function Elapsed({ since }: { since: number }) {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setSeconds((performance.now() - since) / 1000), 100);
    return () => clearInterval(timer);
  }, [since]);
  return <span className="clock">{clock(seconds)}</span>;
}
