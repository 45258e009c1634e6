// A form whose answer a passkey gives: it is made (enrol) or signs (approve), and then the form is sent.
(() => {
  "use strict";
  const form = document.querySelector("form[data-passkey]");
  if (!form) return;
  const answer = form.elements.namedItem("answer");
  const trouble = form.querySelector("[data-says=trouble]");
  const button = form.querySelector("button");
  const bytesOf = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
  const textOf = (buffer) =>
    btoa(Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join(""))
      .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const withBytes = (credentials = []) => credentials.map((each) => ({ ...each, id: bytesOf(each.id) }));

  async function made(options) {
    options.challenge = bytesOf(options.challenge);
    options.user.id = bytesOf(options.user.id);
    options.excludeCredentials = withBytes(options.excludeCredentials);
    const { rawId, response } = await navigator.credentials.create({ publicKey: options });
    const { clientDataJSON, attestationObject } = response;
    return {
      id: textOf(rawId),
      rawId: textOf(rawId),
      type: "public-key",
      response: { clientDataJSON: textOf(clientDataJSON), attestationObject: textOf(attestationObject) },
    };
  }

  async function signed(options) {
    options.challenge = bytesOf(options.challenge);
    options.allowCredentials = withBytes(options.allowCredentials);
    const { rawId, response } = await navigator.credentials.get({ publicKey: options });
    return {
      credential: textOf(rawId),
      authenticator_data: textOf(response.authenticatorData),
      client_data: textOf(response.clientDataJSON),
      signature: textOf(response.signature),
    };
  }

  form.addEventListener("submit", async (event) => {
    if (answer.value) return; // it is sent now
    event.preventDefault();
    event.stopPropagation();
    button.disabled = true;
    trouble.hidden = true;
    try {
      if (!window.PublicKeyCredential) throw new Error("This browser knows no passkeys, or the page is not encrypted.");
      const options = JSON.parse(form.dataset.options);
      answer.value = JSON.stringify(await (form.dataset.passkey === "make" ? made : signed)(options));
      button.disabled = false;
      form.requestSubmit(button);
    } catch (error) {
      button.disabled = false;
      trouble.textContent = `The passkey gave no answer: ${error.message}`;
      trouble.hidden = false;
    }
  });
})();
