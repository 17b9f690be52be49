import type { TaskDefinitionInfo } from '../contract/tasks.ts';
import type { Builder } from './schema/kit/builder.ts';
import type { ErrorLog } from './transport/errors.ts';

/** Adds another vocabulary to the schema of a gateway. It may be called several times for one schema. */
export type GatewayExtension = (builder: Builder, context: ExtensionContext) => void;

export interface ExtensionContext {
  /** What callers of the gateway may trigger. */
  readonly definitions: readonly TaskDefinitionInfo[];
  /** Takes errors that callers are not told. */
  readonly log: ErrorLog;
}
