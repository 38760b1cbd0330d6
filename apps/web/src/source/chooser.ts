/** The page's file chooser; buttons far from it open it. */
export const chooserId = 'file-chooser';

export function openFileChooser(): void {
  document.getElementById(chooserId)?.click();
}
