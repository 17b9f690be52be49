/** The fields of an input's JSON Schema as this namespace describes fields. */
export function toFieldDescriptors({
  properties,
}: Readonly<Record<string, unknown>>): readonly FieldDescriptor[] {
  return Object.entries(isObject(properties) ? properties : {}).map(([fieldId, property]) => {
    const { type, title, description } = isObject(property) ? property : {};
    return {
      fieldId,
      type: TYPES[String(type)] ?? 'json',
      label: typeof title === 'string' ? title : fieldId,
      helpText: typeof description === 'string' ? description : null,
    };
  });
}

interface FieldDescriptor {
  readonly fieldId: string;
  readonly type: string;
  readonly label: string;
  readonly helpText: string | null;
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'number',
  integer: 'number',
  boolean: 'boolean',
  object: 'object',
};
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;
