/** What a musician wants of a microphone: the sound as it is. */
const asItIs = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };

export interface Microphone {
  stream: MediaStream;
  context: AudioContext;
  analyser: AnalyserNode;
}

/** Opens a microphone, the browser's default one without an id. @throws Error in words for the musician */
export async function openMicrophone(deviceId: string | undefined): Promise<Microphone> {
  if (!navigator.mediaDevices) {
    throw new Error('Browsers give the microphone only to pages over https, or of their own machine.');
  }
  try {
    const audio = { ...asItIs, ...(deviceId ? { deviceId: { exact: deviceId } } : {}) };
    const stream = await navigator.mediaDevices.getUserMedia({ audio });
    const context = new AudioContext();
    const analyser = new AnalyserNode(context, { fftSize: 1024 });
    context.createMediaStreamSource(stream).connect(analyser);
    return { stream, context, analyser };
  } catch (error) {
    if ((error as DOMException).name === 'NotFoundError') {
      throw new Error('No microphone was found. Connect one and try again.');
    }
    throw new Error(
      'Your browser is blocking the microphone. Allow it from the icon in the address bar, then try again.',
    );
  }
}

export function closeMicrophone({ stream, context }: Microphone): void {
  for (const track of stream.getTracks()) track.stop();
  void context.close();
}

/** The inputs that there are; their names are known once one of them was allowed. */
export async function microphones(): Promise<MediaDeviceInfo[]> {
  const devices = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
  return devices.filter(({ kind }) => kind === 'audioinput');
}

/** The loudest moment of the last 20 ms as a share of a scale of 60 dB. */
export function levelOf(analyser: AnalyserNode): number {
  const samples = new Float32Array(analyser.fftSize);
  analyser.getFloatTimeDomainData(samples);
  const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  return Math.max(0, 1 + (20 * Math.log10(peak + 1e-6)) / 60);
}

/** Clicks once a second, the last one higher, and resolves when recording should begin. */
export async function countIn(context: AudioContext, beats: number, onBeat: (left: number) => void): Promise<void> {
  for (let left = beats; left > 0; left--) {
    onBeat(left);
    const now = context.currentTime;
    const gain = new GainNode(context, { gain: 0.2 });
    const click = new OscillatorNode(context, { frequency: left === 1 ? 1320 : 880 });
    gain.gain.setTargetAtTime(0, now + 0.01, 0.02);
    click.connect(gain).connect(context.destination);
    click.start(now);
    click.stop(now + 0.15);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}
