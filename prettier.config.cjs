// The settings of OCA's template for Odoo 19.
module.exports = {
  // Resolved here: prettier itself looks for plugins beside this file only.
  plugins: [require.resolve("@prettier/plugin-xml")],
  bracketSpacing: false,
  printWidth: 88,
  proseWrap: "always",
  trailingComma: "es5",
  xmlWhitespaceSensitivity: "preserve",
};
