const paths = {
  play: 'M7 4.5v15l12-7.5z',
  pause: 'M7 5h3.5v14H7zM13.5 5H17v14h-3.5z',
  loop: 'M17 2l4 4-4 4M3 11V9a3 3 0 0 1 3-3h15M7 22l-4-4 4-4M21 13v2a3 3 0 0 1-3 3H3',
  level: 'M4 18h16M4 12h16M4 6h16M9 4v4M15 10v4M7 16v4',
  upload: 'M12 16V4M7 9l5-5 5 5M4 16v4h16v-4',
  mic: 'M12 3a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3zM6 11a6 6 0 0 0 12 0M12 17v4',
  stop: 'M7 7h10v10H7z',
  cut: 'M20 5L8.1 14.4M20 19L8.1 9.6M6 9a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM6 21a3 3 0 1 0 0-6 3 3 0 0 0 0 6z',
  undo: 'M4 9h10a6 6 0 0 1 0 12h-4M4 9l5-5M4 9l5 5',
  close: 'M6 6l12 12M18 6L6 18',
  download: 'M12 4v12M7 11l5 5 5-5M4 20h16',
  again: 'M20 11a8 8 0 1 0-2.3 6M20 5v6h-6',
  source: 'M9 14l-5-5 5-5M4 9h11a5 5 0 0 1 5 5v6',
  trash: 'M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13',
  open: 'M5 12h14M13 6l6 6-6 6',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M5 19l2-2M17 7l2-2',
  moon: 'M20 14.5A8.5 8.5 0 1 1 9.5 4a7 7 0 0 0 10.5 10.5z',
  help: 'M9 9a3 3 0 1 1 4.5 2.6c-1 .6-1.5 1.2-1.5 2.4M12 18v.01',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  search: 'M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.5 15.5L20 20',
  star: 'M12 3.5l2.6 5.4 5.9.8-4.3 4.1 1 5.9-5.2-2.8-5.2 2.8 1-5.9L3.5 9.7l5.9-.8z',
  starred: 'M12 3.5l2.6 5.4 5.9.8-4.3 4.1 1 5.9-5.2-2.8-5.2 2.8 1-5.9L3.5 9.7l5.9-.8z',
  pen: 'M4 20l1-4L16.5 4.5l3 3L8 19z',
  more: 'M5 12v.01M12 12v.01M19 12v.01',
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
  fit: 'M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5',
  dice: 'M4 4h16v16H4zM8.5 8.5v.01M15.5 8.5v.01M12 12v.01M8.5 15.5v.01M15.5 15.5v.01',
  lock: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3',
  grip: 'M9 6v.01M15 6v.01M9 12v.01M15 12v.01M9 18v.01M15 18v.01',
  compare: 'M12 3v18M5 8l-2 4 2 4M19 8l2 4-2 4',
  settings: 'M4 7h10M18 7h2M4 17h2M10 17h10M16 5v4M8 15v4',
  volume: 'M4 9v6h4l5 4V5L8 9zM16.5 9a4 4 0 0 1 0 6',
} as const;

export type IconName = keyof typeof paths;

/** A small drawing beside or instead of words. */
export function Icon({ name }: { name: IconName }) {
  const solid = name === 'play' || name === 'pause' || name === 'stop' || name === 'starred';
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true" fill={solid ? 'currentColor' : 'none'}>
      <path d={paths[name]} stroke="currentColor" strokeWidth={1.8} strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  );
}
