import type { Command } from './command.ts';
import { UsageError } from './command.ts';

/** What may stand at the last of these words: commands, options, and what an option takes. */
export function complete(
  commands: readonly Command[],
  words: readonly string[],
): readonly string[] {
  const begun = words.at(-1) ?? '';
  const command = commands.find(({ name }) => name === words[0]);
  if (words.length <= 1 || !command)
    return commands.map(({ name }) => name).filter((name) => name.startsWith(begun));
  const before = words.at(-2) ?? '';
  const option = Object.entries(command.options).find(
    ([name, { short }]) => before === `--${name}` || before === `-${short ?? ''}`,
  );
  const candidates = option?.[1].choices ?? Object.keys(command.options).map((name) => `--${name}`);
  return candidates.filter((word) => word.startsWith(begun));
}

const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `_waymark() {
  COMPREPLY=($(waymark complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}"))
}
complete -o default -F _waymark waymark`,
  zsh: `#compdef waymark
_waymark() {
  local -a words_found
  words_found=(\${(f)"$(waymark complete -- "\${words[@]:1:$((CURRENT - 1))}")"})
  compadd -a words_found
}
compdef _waymark waymark`,
  fish: `complete -c waymark -f -a '(waymark complete -- (commandline -opc)[2..-1] (commandline -ct))'`,
  powershell: `Register-ArgumentCompleter -Native -CommandName waymark -ScriptBlock {
  param($word, $ast)
  $words = @($ast.CommandElements | Select-Object -Skip 1 | ForEach-Object { "$_" })
  if ($word -eq '') { $words += '' }
  waymark complete -- @words | ForEach-Object { [System.Management.Automation.CompletionResult]::new($_) }
}`,
};

/** What a shell reads at its start, so that it completes: \`source <(waymark completion bash)\`. */
export function completionScript(shell: string | undefined): string {
  const script = SCRIPTS[shell ?? ''];
  if (script === undefined)
    throw new UsageError(`Expected one of ${Object.keys(SCRIPTS).join(', ')}.`);
  return script;
}
