// What npm runs, in the test of `whenNpmIsGone`.
import { whenNpmIsGone } from '../../../src/local/npm-parent.ts';

whenNpmIsGone(() => {
  console.log('npm is gone');
  process.exit(0);
});
console.log(`watching ${process.pid}`);
setTimeout(() => process.exit(1), 20_000);
