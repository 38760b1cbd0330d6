import { useState } from 'react';
import { Icon } from './Icon.tsx';

/** Copies a text. */
export function CopyButton({ text, label }: { text: string; label: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    if (navigator.clipboard) await navigator.clipboard.writeText(text);
    else copySelected(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  };
  return (
    <button type="button" className="secondary copy" onClick={() => void copy()} aria-label={label}>
      <Icon name="copy" /> {copied ? 'Copied' : 'Copy'}
    </button>
  );
}

/** Over plain http there is no clipboard to write to; a selection can still be copied. */
function copySelected(text: string): void {
  const element = document.createElement('textarea');
  element.value = text;
  document.body.append(element);
  element.select();
  document.execCommand('copy');
  element.remove();
}
