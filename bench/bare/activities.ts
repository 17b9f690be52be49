export async function nothing(n: number): Promise<{ n: number }> {
  return { n };
}
