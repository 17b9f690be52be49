import { extname } from 'node:path';
import type { Config } from '../process/config.ts';
import type { Workflows } from './to-bundle.ts';

/** Our own tasks: the bundle made ahead of time where there is one, else the file that exports them. */
export const workflowsOf = ({ workflowBundle }: Pick<Config, 'workflowBundle'>): Workflows =>
  workflowBundle === undefined
    ? { workflowsPath: WORKFLOWS }
    : { workflowBundle: { codePath: workflowBundle } };

/** Source or build, as this file is. */
export const WORKFLOWS = new URL(`../workflows/index${extname(import.meta.url)}`, import.meta.url);
