const size = 32;

/** Shows a share of a ring as the page's icon; its own icon without one. */
export function drawFavicon(share: number | undefined): void {
  const link = document.querySelector<HTMLLinkElement>('link[rel=icon]')!;
  if (share === undefined) {
    link.type = 'image/svg+xml';
    link.href = './icon.svg';
    return;
  }
  const canvas = document.createElement('canvas');
  canvas.width = size;
  canvas.height = size;
  const context = canvas.getContext('2d')!;
  const ring = (colour: string, part: number) => {
    context.beginPath();
    context.arc(size / 2, size / 2, size / 2 - 4, -Math.PI / 2, -Math.PI / 2 + 2 * Math.PI * part);
    context.strokeStyle = colour;
    context.lineWidth = 7;
    context.stroke();
  };
  ring('#868d94', 1);
  ring('#ff8b4d', Math.max(0.02, share));
  link.type = 'image/png';
  link.href = canvas.toDataURL();
}
