import { useRef } from 'react';
import { fieldsOf, settingOf } from '../form/input.ts';
import { Range } from '../stage/Range.tsx';
import { useStageSource } from '../stage/useStage.ts';
import { setValues, useForms } from '../state/form.ts';
import { Workbench } from './Workbench.tsx';

const share = (part: number, total: number) => `${(100 * part) / total}%`;
const rounded = (time: number) => Math.round(time * 10) / 10;

/** What comes before and after a recording. */
export function Extend() {
  const form = useForms((forms) => forms.extend);
  const shown = useStageSource('extend');
  const numberOf = (name: string) => {
    const parameter = fieldsOf(form.model).find((each) => each.name === name)!;
    return Number(settingOf(parameter, form, shown?.source) ?? 0);
  };
  const [before, after] = [numberOf('extend_seconds_before'), numberOf('extend_seconds_after')];
  const most = fieldsOf(form.model).find(({ name }) => name === 'extend_seconds_after')?.maximum ?? before + after;
  const duration = shown?.facts?.duration ?? 0;
  // The axis stands still while a handle is dragged along it.
  const room = useRef({ before: 0, after: 0 });
  const dragging = useRef(false);
  if (!dragging.current) {
    const spare = Math.max(4, duration / 4);
    room.current = { before: before + spare, after: after + spare };
  }
  return (
    <Workbench
      verb="extend"
      room={room.current}
      empty="Drag the handles outwards, say what should come there, and press Extend."
      overlay={({ total, origin: start }, _shown, snap) => {
        const end = start + duration;
        const within = (time: number) => Math.max(0, Math.min(most, rounded(time)));
        return (
          <>
            <div className="new" style={{ left: share(start - before, total), width: share(before, total) }}>
              {before >= 1 && <span>+{before} s</span>}
            </div>
            <div className="new" style={{ left: share(end, total), width: share(after, total) }}>
              {after >= 1 && <span>+{after} s</span>}
            </div>
            <Range
              total={total}
              value={{ start: start - before, end: end + after }}
              core={{ start, end }}
              label="Extended recording"
              tone="extend"
              snap={snap}
              onChange={(value) => {
                dragging.current = true;
                setValues('extend', {
                  extend_seconds_before: within(start - value.start),
                  extend_seconds_after: within(value.end - end),
                });
              }}
              onDone={() => {
                dragging.current = false;
                setValues('extend', {});
              }}
            />
          </>
        );
      }}
    />
  );
}
