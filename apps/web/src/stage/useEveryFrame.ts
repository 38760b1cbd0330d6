import { useEffect, useEffectEvent } from 'react';

/** Does something in every frame while the component is there. */
export function useEveryFrame(work: () => void): void {
  const now = useEffectEvent(work);
  useEffect(() => {
    let frame = 0;
    const next = () => {
      now();
      frame = requestAnimationFrame(next);
    };
    next();
    return () => cancelAnimationFrame(frame);
  }, []);
}
