import type { Builder } from '../kit/builder.ts';
import { orProblem, typeOf } from '../kit/problem.ts';
import type { Problems } from '../add-problems.ts';

interface Deleted {
  readonly type: 'TaskRunDeleted';
  readonly id: string;
}

export function addDeleteTaskRun(builder: Builder, problems: Problems): void {
  const deleted = builder.objectRef<Deleted>('TaskRunDeleted').implement({
    description: 'The run and its log are removed.',
    fields: (t) => ({ id: t.exposeID('id', { description: 'Id of the run that was.' }) }),
  });
  const result = builder.unionType('DeleteTaskRunResult', {
    description: 'What came of a removal.',
    types: [deleted, problems.taskRunNotFound, problems.invalidArgument, problems.forbidden],
    resolveType: typeOf,
  });

  builder.mutationField('deleteTaskRun', (t) =>
    t.field({
      type: result,
      description: 'Removes a run and its log. A run that is not over is ended at once first.',
      args: { id: t.arg.id({ required: true, description: 'The run.' }) },
      resolve: async (_, { id }, { tasks, loaders }) => {
        loaders.clear();
        return await orProblem(async (): Promise<Deleted> => {
          await tasks.delete(id);
          return { type: 'TaskRunDeleted', id };
        });
      },
    }),
  );
}
