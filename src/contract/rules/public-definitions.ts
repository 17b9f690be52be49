import type { TaskModule } from '../task-definition.ts';

/** The definitions that are not private: all there is for a caller that is `publicOnly`. */
export function publicDefinitions(tasks: TaskModule): TaskModule {
  let known = PUBLIC.get(tasks);
  if (!known) {
    known = Object.fromEntries(
      Object.entries(tasks).filter(([, definition]) => !definition.private),
    );
    PUBLIC.set(tasks, known);
  }
  return known;
}
/** A module never changes, and what its definitions are described by is kept with it. */
const PUBLIC = new WeakMap<TaskModule, TaskModule>();
