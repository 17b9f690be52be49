export { checksumFiles } from './tasks/checksum-files.ts';
export { testingRun } from './tasks/testing-run.ts';
