import '@fontsource-variable/inter/wght.css';
import './styles/index.css';
import { createRoot } from 'react-dom/client';
import { App } from './app/App.tsx';
import { prepareDevice } from './device/device.ts';
import { isolate } from './device/isolation.ts';
import { serviceSettings } from './service/settings.ts';

async function begin(): Promise<void> {
  if (serviceSettings.alone && (await isolate())) return;
  createRoot(document.getElementById('root')!).render(<App />);
  // Errors are shown by the first run, which tries again.
  if (serviceSettings.alone) await prepareDevice().catch(() => {});
}

void begin();
