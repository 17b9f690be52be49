// The tasks as they are at first.
import { answering, importTwo as toImportTwo, importing, timeLimited } from './definitions.ts';

export const importAll = importing(false);
export const importTwo = toImportTwo(importAll);
export const answerAll = answering;
export const importInTime = timeLimited;
