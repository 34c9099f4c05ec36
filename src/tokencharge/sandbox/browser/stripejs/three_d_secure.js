/** 3-D Secure: a dialog around the page that stands in for the bank's. */

const DIALOG_LOOK = `
  dialog {
    width: min(26rem, 100vw - 2rem); padding: 0; border: 0; border-radius: 0.5rem; color-scheme: light dark;
    color: CanvasText; background: Canvas; box-shadow: 0 1rem 3rem rgb(0 0 0 / 40%); font: 1rem/1.5 system-ui, sans-serif;
  }
  dialog::backdrop { background: rgb(0 0 0 / 60%); }
  header { display: flex; align-items: center; justify-content: space-between; padding: 0.5rem 0.5rem 0.5rem 1rem; }
  h2 { margin: 0; font-size: 1rem; }
  button { min-width: 2.75rem; min-height: 2.75rem; border: 0; font: inherit; font-size: 1.25rem; color: inherit;
    background: transparent; cursor: pointer; }
  button:focus-visible { outline: 3px solid Highlight; }
  iframe { display: block; width: 100%; height: min(19rem, 70vh); border: 0; }
`;

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {object} properties
 * @param {Node[]} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/**
 * Let the customer answer the bank; resolves with "done", or with "closed" if there was no answer.
 *
 * @param {string} url
 * @returns {Promise<"done" | "closed">}
 */
function challenge(url) {
  const host = document.createElement("div");
  const root = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(DIALOG_LOOK);
  root.adoptedStyleSheets = [sheet];
  const close = make("button", { type: "button", ariaLabel: "Close", textContent: "\u00d7" });
  const frame = make("iframe", { title: "Your bank's question (sandbox)" });
  const title = make("h2", { id: "title", textContent: "3-D Secure (sandbox)" });
  const dialog = make("dialog", {}, make("header", {}, title, close), frame);
  dialog.setAttribute("aria-labelledby", "title");
  root.append(dialog);
  const listening = new AbortController();
  const { signal } = listening;
  return new Promise((resolve) => {
    const end = (/** @type {"done" | "closed"} */ news) => {
      listening.abort();
      dialog.close();
      host.remove();
      resolve(news);
    };
    addEventListener(
      "message",
      ({ source, origin, data }) => {
        const ours = source === frame.contentWindow && origin === API && data?.tokencharge === "3d_secure";
        if (ours) end(data.news);
      },
      { signal },
    );
    close.addEventListener("click", () => end("closed"), { signal });
    dialog.addEventListener("cancel", () => end("closed"), { signal });
    // From there Tab leads to the buttons; a page may not move the focus into a frame of another origin by itself.
    frame.addEventListener("load", () => frame.focus(), { signal });
    frame.src = url;
    document.body.append(host);
    dialog.showModal();
  });
}
