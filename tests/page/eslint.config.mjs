// The rules for the scripts of a report's page, which run as one script: what one file defines, another names in a `global` comment.
import js from "@eslint/js";

const browser = [
  "CSS", "CustomEvent", "Event", "Image", "Option", "URLSearchParams", "addEventListener", "atob", "clearInterval", "clearTimeout", "document",
  "history", "innerHeight", "innerWidth", "location", "setInterval", "setTimeout",
];

export default [
  js.configs.recommended,
  {
    languageOptions: {
      ecmaVersion: 2023,
      sourceType: "script",
      globals: Object.fromEntries(browser.map(name => [name, "readonly"])),
    },
    linterOptions: { reportUnusedDisableDirectives: true },
    rules: {
      curly: ["error", "multi-line"],
      eqeqeq: "error",
      "no-redeclare": ["error", { builtinGlobals: false }],
      "no-shadow": "error",
      "no-var": "error",
      "prefer-const": "error",
      strict: ["error", "global"],
    },
  },
];
