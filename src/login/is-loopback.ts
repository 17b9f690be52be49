/** Names and addresses of this machine for itself. */
export function isLoopback(name: string): boolean {
  const plain = name.replace(/^::ffff:/, '');
  return (
    plain === '::1' ||
    plain === 'localhost' ||
    plain.endsWith('.localhost') ||
    /^127(?:\.\d{1,3}){3}$/.test(plain)
  );
}
