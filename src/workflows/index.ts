export { testingRun } from './tasks/testing-run.ts';
