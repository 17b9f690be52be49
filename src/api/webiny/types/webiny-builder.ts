import type { Builder, SchemaTypes } from '../../schema/kit/builder.ts';
import { definitionScalar, NumberScalar } from './contract-scalars.ts';

type Scalars = SchemaTypes['Scalars'] & {
  Number: { Input: number | null; Output: number | null };
  WebinyBackgroundTaskDefinitionEnum: { Input: string; Output: string };
};
export type WebinyTypes = PothosSchemaTypes.ExtendDefaultTypes<
  Omit<SchemaTypes, 'Scalars'> & { Scalars: Scalars }
>;
export type WebinyBuilder = PothosSchemaTypes.SchemaBuilder<WebinyTypes>;

/** The same builder, which then knows the scalars of this namespace too. */
export function withScalars(builder: Builder, definitions: readonly string[]): WebinyBuilder {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a builder's type says once and for all which scalars it has; two are added here
  const extended = builder as unknown as WebinyBuilder;
  extended.addScalarType('Number', NumberScalar);
  extended.addScalarType('WebinyBackgroundTaskDefinitionEnum', definitionScalar(definitions));
  return extended;
}
