import type { Right } from '../contract/caller.ts';
import { TaskError } from '../contract/task-error.ts';
import { Denied } from './denied.ts';

/** Said of what the caller may see, and of nothing else. */
export const forbidden = (right: Right): TaskError =>
  new TaskError('FORBIDDEN', `This needs the right \`${right}\`.`, { cause: new Denied(right) });
