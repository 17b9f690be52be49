import type { Caller } from '../contract/caller.ts';
import type { TaskRunListEvent } from '../contract/tasks.ts';
import { withoutHidden } from './hidden.ts';
import { may, toSubject } from './rights.ts';

/** What a caller is told of a live list: of runs that it may not see, nothing, nor that they left. */
export function shownEvents(
  caller: Caller,
): (event: TaskRunListEvent) => TaskRunListEvent | undefined {
  const shown = new Set<string>();
  return (event) => {
    if (event.type === 'LEFT') return shown.delete(event.id) ? event : undefined;
    if (!may(caller, 'read', toSubject(event.run))) return undefined;
    shown.add(event.run.id);
    return { ...event, run: withoutHidden(caller, event.run) };
  };
}
