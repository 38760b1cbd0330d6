import { useState } from 'react';

interface Props {
  label: string;
  value: number;
  least: number;
  most: number;
  onChange(value: number): void;
}

/** Seconds as a number. What is being typed stands as it is, and counts as soon as it is within the bounds. */
export function SecondsInput({ label, value, least, most, onChange }: Props) {
  const [typed, setTyped] = useState<string>();
  const text = String(Math.round(value * 100) / 100);
  const fault = typed !== undefined && !(Number(typed) >= least && Number(typed) <= most);
  return (
    <input
      className="number"
      type="text"
      inputMode="decimal"
      autoComplete="off"
      aria-label={label}
      aria-invalid={fault}
      title={`${least} to ${most}`}
      value={typed ?? text}
      onChange={({ target }) => {
        const plain = target.value.replace(',', '.');
        setTyped(plain);
        const next = Number(plain);
        if (plain.trim() !== '' && next >= least && next <= most) onChange(next);
      }}
      onBlur={() => {
        if (fault && typed.trim() !== '' && !Number.isNaN(Number(typed))) {
          onChange(Math.max(least, Math.min(Number(typed), most)));
        }
        setTyped(undefined);
      }}
    />
  );
}
