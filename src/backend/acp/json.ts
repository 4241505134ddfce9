/** Reading of foreign JSON: each function returns null (or nothing) for what is not there or of another kind. */

export type JsonObject = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A field that is an object; an empty one when it is not. */
export const objectAt = (value: unknown, key: string): JsonObject => {
  const field = isObject(value) ? value[key] : undefined;
  return isObject(field) ? field : {};
};
export const textAt = (value: unknown, key: string): string | null => {
  const field = isObject(value) ? value[key] : undefined;
  return typeof field === 'string' ? field : null;
};
export const numberAt = (value: unknown, key: string): number | null => {
  const field = isObject(value) ? value[key] : undefined;
  return typeof field === 'number' && Number.isFinite(field) ? field : null;
};
export const listAt = (value: unknown, key: string): readonly unknown[] => {
  const field = isObject(value) ? value[key] : undefined;
  return Array.isArray(field) ? field : [];
};
