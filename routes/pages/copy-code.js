/** Offers to copy the return code where the browser can; the page is whole without it. */

const button = document.getElementById('copy-code');
const code = document.getElementById('return-code');

if (button && code && navigator.clipboard) {
  button.hidden = false;
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(code.textContent.trim());
      button.textContent = button.dataset.copied;
    } catch {
      // Browsers inside other programs may forbid it: marked, it can be copied by hand.
      getSelection().selectAllChildren(code);
    }
  });
}
