// PROCESS: makes an API key of the id that is named, and shows it and its hash, once.
import { KEY_ID, newApiKey } from './api-keys.ts';

const [, , id = ''] = process.argv;
// An option, such as `--help`, is no id that anybody means.
if (KEY_ID.test(id) && !id.startsWith('-')) {
  const { key, hash } = newApiKey(id);
  const entry = JSON.stringify({ id, hashes: [hash], roles: ['viewer'] });
  console.log(`Key, shown this once:  ${key}`);
  console.log(`For \`keys\` of the auth file, with its roles and tenant:  ${entry}`);
} else {
  console.error(
    `Expected the id of a key as the only argument, lower-case letters, digits and hyphens, at most 40, got \`${id}\``,
  );
  process.exitCode = 2;
}
