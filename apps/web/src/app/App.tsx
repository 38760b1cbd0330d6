import { useCallback, useEffect, useState } from 'react';
import { ApiPanel } from '../api/ApiPanel.tsx';
import { Extend } from '../extend/Extend.tsx';
import { Generate } from '../generate/Generate.tsx';
import { History } from '../history/History.tsx';
import { Inpaint } from '../inpaint/Inpaint.tsx';
import { refreshBalance, useBalance } from '../service/balance.ts';
import { useSession } from '../service/session.ts';
import { dollars } from '../shared/format.ts';
import { Icon } from '../shared/Icon.tsx';
import { chooseTheme, useTheme } from '../shared/theme.ts';
import { restoreSource } from '../source/source.ts';
import { Transform } from '../transform/Transform.tsx';
import { kindNames } from '../workspace/kinds.ts';
import { workspaces } from '../workspace/store.ts';
import { HelpDialog } from './HelpDialog.tsx';
import { KeyDialog } from './KeyDialog.tsx';
import { useView, type View, views } from './router.ts';
import { useShortcuts } from './shortcuts.ts';

const pages: Record<View, [string, () => React.ReactNode]> = {
  transform: ['Transform', Transform],
  generate: ['Generate', Generate],
  inpaint: ['Inpaint', Inpaint],
  extend: ['Extend', Extend],
  history: ['History', History],
  api: ['API', ApiPanel],
};

export function App() {
  const view = useView((state) => state.view);
  const wanted = useSession((state) => state.wanted);
  const [help, setHelp] = useState(false);
  useShortcuts(useCallback(() => setHelp(true), []));
  useEffect(() => {
    void refreshBalance();
    for (const kind of kindNames) if (workspaces[kind].takesSource) void restoreSource(workspaces[kind]);
  }, []);
  useEffect(() => {
    document.title = `${pages[view][0]} · Retone`;
    for (const kind of kindNames) if (kind !== view) workspaces[kind].transport.pause();
  }, [view]);
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
        <nav aria-label="Views">
          {views.map((name) => (
            <a key={name} href={`#/${name}`} aria-current={view === name ? 'page' : undefined}>
              {pages[name][0]}
            </a>
          ))}
        </nav>
        <div className="status">
          <Balance />
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
      {help && <HelpDialog onClose={() => setHelp(false)} />}
      {wanted && <KeyDialog why={wanted} />}
    </>
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
