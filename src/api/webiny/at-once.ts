/** Works on all items, on at most `max` of them at once. The answers are in the items' order. */
export async function atOnce<Item, Answer>(
  max: number,
  items: readonly Item[],
  work: (item: Item) => Promise<Answer>,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  // Shared: each hand takes the next item that nobody has taken.
  const rest = items.entries();
  const hand = async (): Promise<void> => {
    for (const [index, item] of rest) answers[index] = await work(item);
  };
  await Promise.all(Array.from({ length: max }, hand));
  return answers;
}
