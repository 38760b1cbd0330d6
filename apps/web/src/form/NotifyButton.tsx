import { useState } from 'react';

/** Asks the browser to notify when a result is ready while the page is hidden; shown until it was answered. */
export function NotifyButton() {
  const [permission, setPermission] = useState('Notification' in window ? Notification.permission : 'denied');
  if (permission !== 'default') return null;
  return (
    <button
      type="button"
      className="quiet"
      onClick={() => void Notification.requestPermission().then((answer) => setPermission(answer))}
    >
      Notify me when it is ready
    </button>
  );
}
