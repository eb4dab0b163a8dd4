// Enums: packing, matching by value and by reference, nested and generic ones.
module corpus::enums;

public enum Shape has copy, drop, store {
    Nothing,
    Circle(u64),
    Rectangle { width: u64, height: u64, label: vector<u8> },
    Group(vector<u64>, Option<u8>),
}

public enum Tree<T> has copy, drop, store {
    Leaf,
    One(T),
    Two { left: T, right: T },
}

public enum Single has copy, drop, store { Only(bool) }

public fun make(kind: u64): Shape {
    if (kind == 0) Shape::Nothing
    else if (kind == 1) Shape::Circle(7)
    else if (kind == 2) Shape::Rectangle { width: 3, height: 4, label: b"box" }
    else Shape::Group(vector[1, 2, 3], option::some(9))
}

public fun area(kind: u64): u64 {
    match (make(kind)) {
        Shape::Nothing => 0,
        Shape::Circle(r) => r * r * 3,
        Shape::Rectangle { width, height, label: _ } => width * height,
        Shape::Group(items, extra) => items.fold!(0, |a, b| a + b) + (extra.destroy_or!(0) as u64),
    }
}

fun grow(shape: &mut Shape) {
    match (shape) {
        Shape::Nothing => {},
        Shape::Circle(r) => *r = *r + 1,
        Shape::Rectangle { width, label, .. } => { *width = *width * 2; label.push_back(33); },
        Shape::Group(items, extra) => { items.push_back(4); *extra = option::none(); },
    }
}

public fun grown(kind: u64): (Shape, Shape) {
    let mut shape = make(kind);
    let before = shape;
    grow(&mut shape);
    grow(&mut shape);
    (before, shape)
}

public fun replaced(kind: u64): Shape {
    let mut shape = make(kind);
    let r = &mut shape;
    *r = match (r) {
        Shape::Circle(n) => Shape::Rectangle { width: *n, height: *n, label: b"was a circle" },
        Shape::Rectangle { .. } => Shape::Nothing,
        _ => Shape::Circle(1),
    };
    shape
}

public fun describe(kind: u64): vector<u8> {
    let shape = make(kind);
    match (&shape) {
        Shape::Nothing => b"nothing",
        Shape::Circle(7) => b"the seven",
        Shape::Circle(_) => b"circle",
        Shape::Rectangle { width, height, .. } if (*width == *height) => b"square",
        Shape::Rectangle { label, .. } => *label,
        Shape::Group(_, _) => b"group",
    }
}

public fun total(tree: &Tree<u64>): u64 {
    match (tree) {
        Tree::Leaf => 0,
        Tree::One(n) => *n,
        Tree::Two { left, right } => *left + *right,
    }
}

public fun trees(): (u64, Tree<vector<u8>>, Tree<Shape>, Single) {
    let mut t = Tree::Two { left: 3, right: 4 };
    if (total(&t) == 7) {
        match (&mut t) { Tree::Two { left, .. } => *left = 30, _ => abort 9 }
    };
    let sum = total(&t) + total(&Tree::Leaf) + total(&Tree::One(5));
    (sum, Tree::One(b"one"), Tree::Two { left: make(2), right: make(0) }, Single::Only(true))
}

public fun equal_shapes(): vector<bool> {
    vector[make(1) == make(1), make(1) == make(0), make(2) == make(2), make(3) != make(2), &make(3) == &make(3)]
}

public fun must_be_circle(kind: u64): u64 {
    match (make(kind)) { Shape::Circle(r) => r, _ => abort 42 }
}
