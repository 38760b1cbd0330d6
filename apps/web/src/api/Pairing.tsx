import { useState } from 'react';
import { renderSVG } from 'uqr';
import { service } from '../service/client.ts';
import { problemOf } from '../service/problems.ts';
import type { Problem } from '../shared/problem.ts';
import { Trouble } from '../shared/Trouble.tsx';

/** Connects another device of the network: it opens the link, or reads it from the QR code. */
export function Pairing() {
  const [urls, setUrls] = useState<string[]>();
  const [problem, setProblem] = useState<Problem>();
  const ask = async () => {
    setProblem(undefined);
    try {
      setUrls((await service.pairing()).urls);
    } catch (error) {
      setProblem(problemOf(error));
    }
  };
  return (
    <section className="card" aria-labelledby="pairing">
      <header>
        <h2 id="pairing">Other devices</h2>
        <button type="button" className="secondary" onClick={() => void ask()}>
          Pair a device
        </button>
      </header>
      {problem && <Trouble problem={problem} />}
      {!urls && (
        <p className="help">A phone or another computer of your network opens this page with a link of its own.</p>
      )}
      {urls?.length === 0 && (
        <p className="help">
          The service listens on this machine only. Start it with <code>RETONE_HOST=0.0.0.0 npm start</code> for other
          devices to reach it.
        </p>
      )}
      {urls?.map((url) => (
        <div className="pairing" key={url}>
          <img src={`data:image/svg+xml,${encodeURIComponent(renderSVG(url))}`} alt="QR code of the link" />
          <code>{url}</code>
        </div>
      ))}
      {urls && urls.length > 0 && (
        <p className="help">Whoever opens the link works on your account. It is valid until the service restarts.</p>
      )}
    </section>
  );
}
