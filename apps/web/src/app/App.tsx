import { useCallback, useEffect, useRef, useState } from 'react';
import { ApiPanel } from '../api/ApiPanel.tsx';
import { DeviceStatus } from '../device/DeviceStatus.tsx';
import { History } from '../history/History.tsx';
import { Models } from '../models/Models.tsx';
import { resumeAll } from '../runs/running.ts';
import { refreshBalance, useBalance } from '../service/balance.ts';
import { useSession } from '../service/session.ts';
import { serviceSettings } from '../service/settings.ts';
import { dollars } from '../shared/format.ts';
import { Icon } from '../shared/Icon.tsx';
import { chooseTheme, useTheme } from '../shared/theme.ts';
import { DropTarget } from '../source/DropTarget.tsx';
import { FileChooser } from '../source/FileChooser.tsx';
import { openBench, useBench } from '../state/bench.ts';
import { useView, type View, views } from '../state/router.ts';
import { transport } from '../state/timeline.ts';
import { Extend } from '../verbs/Extend.tsx';
import { Generate } from '../verbs/Generate.tsx';
import { Inpaint } from '../verbs/Inpaint.tsx';
import { Transform } from '../verbs/Transform.tsx';
import { HelpDialog } from './HelpDialog.tsx';
import { KeyDialog } from './KeyDialog.tsx';
import { useShortcuts } from './shortcuts.ts';
import { UndoOffer } from './UndoOffer.tsx';
import { useAttention } from './useAttention.ts';

const pages: Record<View, [string, () => React.ReactNode]> = {
  transform: ['Transform', Transform],
  generate: ['Generate', Generate],
  inpaint: ['Inpaint', Inpaint],
  extend: ['Extend', Extend],
  history: ['History', History],
  models: ['Models', Models],
  api: ['API', ApiPanel],
};

/** Milliseconds between looks for runs that nobody follows. */
const resumePause = 5000;

export function App() {
  const view = useView((state) => state.view);
  const wanted = useSession((state) => state.wanted);
  const ready = useBench((state) => state.ready);
  const [help, setHelp] = useState(false);
  useShortcuts(useCallback(() => setHelp(true), []));
  useAttention(pages[view][0]);
  useEffect(() => {
    void openBench();
    if (serviceSettings.billing) void refreshBalance();
  }, []);
  useEffect(() => {
    if (!ready) return;
    resumeAll();
    // Other tabs begin runs too, and may be closed before these end.
    const timer = setInterval(resumeAll, resumePause);
    return () => clearInterval(timer);
  }, [ready]);
  const Page = pages[view][1];
  return (
    <>
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <header className="bar">
        <a className="brand" href="#/transform">
          <svg viewBox="0 0 24 24" aria-hidden="true">
            <path
              d="M3 10v4M7.5 6v12M12 9v6M16.5 3v18M21 10v4"
              stroke="currentColor"
              strokeWidth="2.4"
              strokeLinecap="round"
            />
          </svg>
          Retone
        </a>
        <Navigation view={view} />
        <div className="status">
          {serviceSettings.alone && <DeviceStatus />}
          {serviceSettings.billing && <Balance />}
          <ThemeSwitch />
          <button
            type="button"
            className="quiet"
            onClick={() => setHelp(true)}
            aria-label="Keys and help"
            title="Keys (?)"
          >
            <Icon name="help" />
          </button>
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        <Page key={view} />
      </main>
      <FileChooser />
      <DropTarget />
      <UndoOffer />
      <Announcer />
      {help && <HelpDialog onClose={() => setHelp(false)} />}
      {wanted && <KeyDialog why={wanted} />}
    </>
  );
}

function Navigation({ view }: { view: View }) {
  const current = useRef<HTMLAnchorElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the view says which link is the current one
  useEffect(() => {
    current.current?.scrollIntoView({ block: 'nearest', inline: 'center' });
    transport.pause();
  }, [view]);
  return (
    <nav aria-label="Views">
      {views.map((name) => (
        <a
          key={name}
          href={`#/${name}`}
          ref={name === view ? current : null}
          aria-current={view === name ? 'page' : undefined}
        >
          {pages[name][0]}
        </a>
      ))}
    </nav>
  );
}

/** Tells screen readers of results that are done. */
function Announcer() {
  const done = useBench(({ runs }) => runs.filter(({ task }) => task?.status === 'completed').length);
  const before = useRef<number>(undefined);
  const [text, setText] = useState('');
  const ready = useBench((state) => state.ready);
  useEffect(() => {
    if (!ready) return;
    if (before.current !== undefined && done > before.current) setText(`Result ready (${done} in all)`);
    before.current = done;
  }, [done, ready]);
  return (
    <p className="visually-hidden" role="status">
      {text}
    </p>
  );
}

function Balance() {
  const balance = useBalance((state) => state.balance);
  if (balance === undefined) return null;
  return (
    <span className="balance" title="Credit">
      <span className="visually-hidden">Credit: </span>
      {dollars(balance)}
    </span>
  );
}

function ThemeSwitch() {
  const dark = useTheme((state) => state.dark);
  return (
    <button
      type="button"
      className="quiet"
      onClick={() => chooseTheme(dark ? 'light' : 'dark')}
      aria-label={dark ? 'Switch to light colours' : 'Switch to dark colours'}
      title={dark ? 'Light' : 'Dark'}
    >
      <Icon name={dark ? 'sun' : 'moon'} />
    </button>
  );
}
