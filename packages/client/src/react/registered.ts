import type { TaskModule } from '../../../../src/contract/task-definition.ts';

/**
 * Where an app tells the hooks its tasks, once:
 * `declare module '@waymark/client/react' { interface Register { tasks: typeof tasks } }`.
 */
// oxlint-disable-next-line typescript/no-empty-object-type, typescript/no-empty-interface -- an app fills it
export interface Register {}

export type Registered = Register extends { readonly tasks: infer T extends TaskModule }
  ? T
  : TaskModule;

/** Id of one of them. */
export type DefinitionId = Extract<keyof Registered, string>;
