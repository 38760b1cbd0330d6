import { type CSSProperties, type ReactNode, useId } from 'react';
import { Icon, type IconName } from './Icon.tsx';

interface Props {
  icon: IconName;
  label: string;
  /** Named for screen readers, where the label alone says too little. */
  name?: string;
  children: ReactNode;
}

/** A button that opens a menu beneath it; a press on anything in the menu closes it. */
export function Menu({ icon, label, name, children }: Props) {
  const id = useId();
  const anchor = `--${id.replaceAll(/\W/g, '')}`;
  return (
    <>
      <button
        type="button"
        className="quiet"
        popoverTarget={id}
        title={label}
        aria-label={name}
        style={{ anchorName: anchor } as CSSProperties}
      >
        <Icon name={icon} /> <span className="words">{label}</span>
      </button>
      {/* biome-ignore lint/a11y/useKeyWithClickEvents lint/a11y/noStaticElementInteractions: it only closes what its buttons have done */}
      <div
        id={id}
        popover="auto"
        className="menu"
        style={{ positionAnchor: anchor } as CSSProperties}
        onClick={({ currentTarget, target }) => {
          if ((target as Element).closest('a, button')) currentTarget.hidePopover();
        }}
      >
        {children}
      </div>
    </>
  );
}
