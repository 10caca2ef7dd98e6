import ts from 'typescript'

/** Methods of Map, Set, Array and typed arrays that change them. */
const changing = new Set([
  'set', 'add', 'delete', 'clear', 'push', 'pop', 'shift', 'unshift', 'splice', 'sort', 'reverse', 'fill', 'copyWithin'
])

type Names = ReadonlySet<string>

/**
 * The names of what a module keeps and its functions change: variables of the module that they assign, and constants, functions,
 * classes and imports of which they assign a property or call a method that changes a Map, a Set or an array. What happens
 * while the module is loaded does not count; nor does what a function that is called then keeps for itself, which no parser of
 * one module can tell.
 */
export function changedByFunctions (source: string, fileName: string): string[] {
  const file = ts.createSourceFile(fileName, source, ts.ScriptTarget.Latest, true, fileName.endsWith('.ts') ? ts.ScriptKind.TS : ts.ScriptKind.JS)
  const kept = new Set(namesOfStatements(file.statements))
  const changed = new Set<string>()

  const visit = (node: ts.Node, hidden: readonly Names[], isInFunction: boolean): void => {
    const isFunction = ts.isFunctionLike(node)
    // A function that is called where it stands, as the module is loaded, is part of the module.
    const isModule = isFunction && !isInFunction && isCalledAtOnce(node)
    const own = isFunction ? namesOfFunction(node) : namesOfBlock(node)

    if (isModule) {
      own.forEach((name) => { kept.add(name) })
    }

    const within = isModule || own.size === 0 ? hidden : [...hidden, own]
    const inFunction = isInFunction || (isFunction && !isModule)
    const target = inFunction ? changedIn(node) : undefined

    if (target != null && kept.has(target) && !within.some((names) => names.has(target))) {
      changed.add(target)
    }

    ts.forEachChild(node, (child) => { visit(child, within, inFunction) })
  }

  visit(file, [], false)
  return [...changed].sort()
}

/** The name at the beginning of what an expression changes. */
function changedIn (node: ts.Node): string | undefined {
  if (ts.isBinaryExpression(node)) {
    const { kind } = node.operatorToken
    return kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment ? rootOf(node.left) : undefined
  }

  if ((ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) &&
    [ts.SyntaxKind.PlusPlusToken, ts.SyntaxKind.MinusMinusToken].includes(node.operator)) {
    return rootOf(node.operand)
  }

  if (ts.isDeleteExpression(node)) {
    return rootOf(node.expression)
  }

  if (ts.isCallExpression(node)) {
    const { expression, arguments: [first] } = node

    if (ts.isPropertyAccessExpression(expression) && changing.has(expression.name.text)) {
      return rootOf(expression.expression)
    }

    return first != null && /^Object\.(assign|defineProperty)$/.test(expression.getText()) ? rootOf(first) : undefined
  }

  return undefined
}

function rootOf (node: ts.Node): string | undefined {
  let root = node

  while (isAccess(root) || ts.isParenthesizedExpression(root) || ts.isNonNullExpression(root)) {
    root = root.expression
  }

  return ts.isIdentifier(root) ? root.text : undefined
}

function isAccess (node: ts.Node): node is ts.PropertyAccessExpression | ts.ElementAccessExpression {
  return ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node)
}

function isCalledAtOnce (node: ts.Node): boolean {
  const outer = ts.isParenthesizedExpression(node.parent) ? node.parent : node
  return ts.isCallExpression(outer.parent) && outer.parent.expression === outer
}

function namesOfFunction (node: ts.SignatureDeclaration): Set<string> {
  const names = new Set(node.parameters.flatMap(({ name }) => namesOf(name)))
  const collect = (child: ts.Node): void => {
    if (ts.isVariableDeclaration(child)) {
      namesOf(child.name).forEach((name) => { names.add(name) })
    } else if ((ts.isFunctionDeclaration(child) || ts.isClassDeclaration(child)) && child.name != null) {
      names.add(child.name.text)
    }

    if (!ts.isFunctionLike(child)) {
      ts.forEachChild(child, collect)
    }
  }

  if ('body' in node && node.body != null) {
    ts.forEachChild(node.body as ts.Node, collect)
  }

  return names
}

function namesOfBlock (node: ts.Node): Set<string> {
  // Those of the body of a function are the function's.
  if (ts.isBlock(node) && !ts.isFunctionLike(node.parent)) {
    return new Set(namesOfStatements(node.statements))
  }

  if (ts.isForStatement(node) || ts.isForOfStatement(node) || ts.isForInStatement(node)) {
    const { initializer } = node
    const declared = initializer != null && ts.isVariableDeclarationList(initializer) ? initializer.declarations : []
    return new Set(declared.flatMap(({ name }) => namesOf(name)))
  }

  return new Set(ts.isCatchClause(node) && node.variableDeclaration != null ? namesOf(node.variableDeclaration.name) : [])
}

function namesOfStatements (statements: readonly ts.Statement[]): string[] {
  return statements.flatMap((statement) => {
    if (ts.isVariableStatement(statement)) {
      return statement.declarationList.declarations.flatMap(({ name }) => namesOf(name))
    }

    if (ts.isImportDeclaration(statement)) {
      const { name, namedBindings } = statement.importClause ?? {}
      const bindings = namedBindings == null ? [] : ts.isNamespaceImport(namedBindings) ? [namedBindings] : namedBindings.elements
      return [...(name == null ? [] : [name.text]), ...bindings.map((binding) => binding.name.text)]
    }

    const isNamed = (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) && statement.name != null
    return isNamed ? [statement.name.text] : []
  })
}

function namesOf (name: ts.BindingName): string[] {
  return ts.isIdentifier(name)
    ? [name.text]
    : name.elements.flatMap((element) => ts.isOmittedExpression(element) ? [] : namesOf(element.name))
}
